import { type ReactNode, useLayoutEffect, useRef } from 'react';

/** This close to the end counts as reading along. */
const AT_END_PX = 32;

interface LogPaneProps {
  readonly label: string;
  /** What is shown; another list means that something was added. */
  readonly content: readonly unknown[];
  readonly following: boolean;
  readonly onFollowing: (following: boolean) => void;
  readonly children: ReactNode;
}

/** Lines that scroll; while following, the end stays in sight. Scrolling up ends that, scrolling to the end begins it again. */
export function LogPane({ label, content, following, onFollowing, children }: LogPaneProps) {
  const pane = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    if (following && content.length > 0 && pane.current !== null) pane.current.scrollTop = pane.current.scrollHeight;
  }, [content, following]);

  const onScroll = (): void => {
    const element = pane.current;
    if (element === null) return;
    onFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < AT_END_PX);
  };

  return (
    <div
      className="log-pane"
      ref={pane}
      onScroll={onScroll}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, and the keyboard has to reach it
      tabIndex={0}
      role="log"
      aria-label={label}
      aria-live="off"
    >
      {children}
    </div>
  );
}

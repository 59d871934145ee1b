import { type ReactNode, useLayoutEffect, useRef } from 'react';

/** This close to the end counts as reading along. */
const AT_END_PX = 32;

interface LogPaneProps {
  readonly label: string;
  readonly following: boolean;
  readonly onFollowing: (following: boolean) => void;
  readonly children: ReactNode;
}

/** Lines that scroll; while following, the end stays in sight. Scrolling up ends that, scrolling to the end begins it again. */
export function LogPane({ label, following, onFollowing, children }: LogPaneProps) {
  const pane = useRef<HTMLDivElement>(null);
  const lines = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);

  useLayoutEffect(() => {
    if (!following || pane.current === null || lines.current === null) return;
    const element = pane.current;
    // Lines come, and what is out of sight turns out to be higher than it was taken for: both move the end.
    const observer = new ResizeObserver(() => {
      element.scrollTop = element.scrollHeight;
    });
    observer.observe(lines.current);
    return () => observer.disconnect();
  }, [following]);

  const onScroll = (): void => {
    const element = pane.current;
    if (element === null) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    const isUp = scrollTop < lastTop.current;
    lastTop.current = scrollTop;
    // An end that has moved on meanwhile is no scrolling up.
    onFollowing(scrollHeight - scrollTop - clientHeight < AT_END_PX || (following && !isUp));
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
      <div ref={lines}>{children}</div>
    </div>
  );
}

import type { CSSProperties } from 'react';
import { type AnsiSpan, parseAnsi } from './ansi.ts';

/** A log line with its colours. The sixteen named ones are the page's own; others are set on the element, which a strict CSP allows. */
export function AnsiText({ text }: { text: string }) {
  return (
    <span className="log-text-line">
      {parseAnsi(text).map((span, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- pieces of one line, which never changes
        <Piece key={index} span={span} />
      ))}
    </span>
  );
}

function Piece({ span }: { span: AnsiSpan }) {
  const classes = [
    typeof span.color === 'number' && `fg-${span.color}`,
    typeof span.background === 'number' && `bg-${span.background}`,
    span.bold && 'is-bold',
    span.dim && 'is-dim',
    span.italic && 'is-italic',
    span.underline && 'is-underlined',
  ].filter((name) => name !== false);
  const style: CSSProperties = {
    ...(typeof span.color === 'string' ? { color: span.color } : {}),
    ...(typeof span.background === 'string' ? { backgroundColor: span.background } : {}),
  };
  if (classes.length === 0 && Object.keys(style).length === 0) return span.text;
  return (
    <span className={classes.join(' ')} style={style}>
      {span.text}
    </span>
  );
}

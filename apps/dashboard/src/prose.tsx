/** A sentence in which words between backticks are code. */
export function Prose({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    // oxlint-disable-next-line react/no-array-index-key -- parts of one text, which never changes
    index % 2 === 0 ? part : <code key={index}>{part}</code>,
  );
}

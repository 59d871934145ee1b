import { gzipSync } from 'node:zlib';

/** An entry as its raw header says it, true or not. */
export interface RawEntry {
  readonly name: string;
  /** tar's own letter: `0` file, `1` hard link, `2` symbolic link, `3` character device, `4` block device, `5` directory, `6` fifo. */
  readonly type?: string;
  readonly target?: string;
  readonly content?: string | Buffer;
  readonly mode?: number;
  /** What the header says instead of the content's size. */
  readonly saidBytes?: number;
}

const BLOCK = 512;

/** A ustar header made by hand, with a right checksum. */
function header({ name, type = '0', target = '', content = '', mode = 0o644, saidBytes }: RawEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(name, 0, 100, 'utf8');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(saidBytes ?? Buffer.byteLength(content), 124, 12);
  octal(0, 136, 12);
  block.fill(' ', 148, 156);
  block.write(type, 156, 'latin1');
  block.write(target, 157, 100, 'utf8');
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function padded(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

/** The next entry's path, as pax writes one that is long or not ASCII. */
export function paxPath(path: string): RawEntry {
  const record = (length: number): string => `${length} path=${path}\n`;
  const rest = Buffer.byteLength(record(0)) - 1;
  let length = rest + String(rest).length;
  if (Buffer.byteLength(record(length)) !== length) length += 1;
  return { name: 'PaxHeader', type: 'x', content: record(length) };
}

export function tarOf(entries: readonly RawEntry[]): Buffer {
  return Buffer.concat([
    ...entries.flatMap((entry) => [header(entry), padded(entry.content ?? '')]),
    Buffer.alloc(BLOCK * 2),
  ]);
}

export function tarGzOf(entries: readonly RawEntry[]): Buffer {
  return gzipSync(tarOf(entries));
}

/** What must not be taken, by what is wrong with it. */
export const HOSTILE: Readonly<Record<string, Buffer>> = {
  'a way up': tarGzOf([{ name: '../evil', content: 'x' }]),
  'a way up in the middle': tarGzOf([{ name: 'a/../../evil', content: 'x' }]),
  'an absolute path': tarGzOf([{ name: '/tmp/evil', content: 'x' }]),
  'a way up in a pax header': tarGzOf([paxPath('../evil'), { name: 'fine', content: 'x' }]),
  'a link up': tarGzOf([
    { name: 'a', content: 'x' },
    { name: 'up', type: '2', target: '../etc/passwd' },
  ]),
  'an absolute link': tarGzOf([
    { name: 'a', content: 'x' },
    { name: 'up', type: '2', target: '/etc/passwd' },
  ]),
  'links that lead out together': tarGzOf([
    { name: 'p/q/root', type: '2', target: '../..' },
    { name: 'out', type: '2', target: 'p/q/root/..' },
    { name: 'a', content: 'x' },
  ]),
  'a file through a link': tarGzOf([
    { name: 'dir', type: '2', target: 'other' },
    { name: 'dir/file', content: 'x' },
  ]),
  'a hard link out': tarGzOf([
    { name: 'a', content: 'x' },
    { name: 'b', type: '1', target: '../../etc/passwd' },
  ]),
  'a hard link to nothing': tarGzOf([{ name: 'b', type: '1', target: 'a' }]),
  'a character device': tarGzOf([
    { name: 'a', content: 'x' },
    { name: 'null', type: '3' },
  ]),
  'a block device': tarGzOf([
    { name: 'a', content: 'x' },
    { name: 'disk', type: '4' },
  ]),
  'a fifo': tarGzOf([
    { name: 'a', content: 'x' },
    { name: 'pipe', type: '6' },
  ]),
  'a path that is too deep': tarGzOf([
    { name: `${'d/'.repeat(48)}x`, content: 'x' },
    paxPath(`${'d/'.repeat(80)}x`),
    { name: 'x', content: 'x' },
  ]),
  'a path that is too long': tarGzOf([
    paxPath(`${'long-name/'.repeat(60)}${'x'.repeat(200)}/${'y'.repeat(250)}/${'z'.repeat(250)}`),
    { name: 'x', content: 'x' },
  ]),
  'too many entries': tarGzOf(Array.from({ length: 50_001 }, (_, index) => ({ name: `f${index}` }))),
  'a bomb': tarGzOf([{ name: 'zeros', content: Buffer.alloc(32 * 1024 * 1024) }]),
  'a bomb behind the end': gzipSync(
    Buffer.concat([tarOf([{ name: 'a', content: 'x' }]), Buffer.alloc(32 * 1024 * 1024)]),
  ),
  'a header that promises more': tarGzOf([{ name: 'a', content: 'x', saidBytes: 1024 ** 3 }]),
  'no file': tarGzOf([{ name: 'empty/', type: '5' }]),
  'no entry': tarGzOf([]),
  'no tar': gzipSync(Buffer.from('this is text that somebody has compressed'.repeat(40))),
  'no gzip': Buffer.from('PK\u0003\u0004 this is a zip'),
  'nothing at all': Buffer.alloc(0),
  'its end cut off': tarGzOf([
    { name: 'a', content: 'some content that is long enough to be cut'.repeat(50) },
  ]).subarray(0, -12),
};

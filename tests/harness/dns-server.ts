import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const HEADER_BYTES = 12;
const A = 1;
const TXT = 16;
const IN = 1;
const RESPONSE = 0x8180;
const NO_SUCH_NAME = 3;
const SERVER_FAILURE = 2;
/** The name of the question, by its place in the message. */
const QUESTION_NAME = 0xc00c;

/** A DNS server on a UDP socket of this machine that knows TXT and A records, as an operator's resolver would answer of them. */
export interface DnsServer {
  /** `address:port`. */
  readonly address: string;
  /** Lower-case name → values; what is not there does not exist. */
  readonly txt: Map<string, readonly string[]>;
  /** Lower-case name → IPv4 addresses. */
  readonly addresses: Map<string, readonly string[]>;
  /** Names that were asked for. */
  readonly asked: string[];
  /** Whether it fails whatever it is asked. */
  failing: boolean;
  close(): Promise<void>;
}

export async function startDnsServer(): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    txt: new Map(),
    addresses: new Map(),
    asked: [],
    failing: false,
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
  socket.on('message', (message, from) => {
    const { name, type, end } = questionOf(message);
    server.asked.push(name);
    const isKnown = server.txt.has(name) || server.addresses.has(name);
    const code = server.failing ? SERVER_FAILURE : isKnown ? 0 : NO_SUCH_NAME;
    const answers = code === 0 ? recordsOf(server, name, type) : [];
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16BE(message.readUInt16BE(0), 0);
    header.writeUInt16BE(RESPONSE | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers.length, 6);
    const question = message.subarray(HEADER_BYTES, end);
    socket.send(Buffer.concat([header, question, ...answers]), from.port, from.address);
  });
  return server;
}

function recordsOf({ txt, addresses }: Pick<DnsServer, 'txt' | 'addresses'>, name: string, type: number): Buffer[] {
  if (type === TXT) return (txt.get(name) ?? []).map(txtRecord);
  return type === A ? (addresses.get(name) ?? []).map(addressRecord) : [];
}

function questionOf(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.subarray(at + 1, at + 1 + length).toString('ascii'));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

/** A value of more than 255 bytes comes in several pieces. */
function txtRecord(value: string): Buffer {
  const bytes = Buffer.from(value);
  const pieces: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 255) {
    const piece = bytes.subarray(at, at + 255);
    pieces.push(Buffer.from([piece.length]), piece);
  }
  return record(TXT, Buffer.concat(pieces));
}

function addressRecord(address: string): Buffer {
  return record(A, Buffer.from(address.split('.').map(Number)));
}

function record(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(QUESTION_NAME, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(IN, 4);
  head.writeUInt32BE(0, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

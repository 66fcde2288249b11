import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const SRV = 33;
const HEADER_BYTES = 12;
const TTL_S = 1;

/** A DNS server with one SRV record, which replies to all other queries without an answer. */
export class DnsServer {
  private constructor(private readonly socket: Socket) {}

  static async start(name: string, target: string, port: number): Promise<DnsServer> {
    const socket = createSocket('udp4');
    socket.on('message', (query, sender) => {
      const questionEnd = query.indexOf(0, HEADER_BYTES) + 5;
      const question = query.subarray(HEADER_BYTES, questionEnd);
      const known = question.readUInt16BE(question.length - 4) === SRV && question.includes(encodeName(name));
      const header = Buffer.from(query.subarray(0, HEADER_BYTES));
      header.writeUInt16BE(0x8180, 2);
      header.writeUInt16BE(known ? 1 : 0, 6);
      header.fill(0, 8);
      const reply = Buffer.concat([header, question, known ? srvRecord(target, port) : Buffer.alloc(0)]);
      socket.send(reply, sender.port, sender.address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsServer(socket);
  }

  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  stop(): void {
    this.socket.close();
  }
}

function srvRecord(target: string, port: number): Buffer {
  const name = encodeName(target);
  const record = Buffer.alloc(18);
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  record.writeUInt16BE(SRV, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(TTL_S, 6);
  record.writeUInt16BE(6 + name.length, 10);
  record.writeUInt16BE(port, 16);
  return Buffer.concat([record, name]);
}

function encodeName(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

// Preloaded into a server: stops the process, as SIGSTOP from outside would, when the first reply that contains the
// text in STOP_AT_REPLY has arrived from the database, before the driver sees it.
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';

const text = process.env.STOP_AT_REPLY;
const { emit } = Socket.prototype;

Socket.prototype.emit = function (name, ...values) {
  const [bytes] = values;
  if (name === 'data' && Buffer.isBuffer(bytes) && bytes.includes(text)) {
    Socket.prototype.emit = emit;
    writeSync(1, `${JSON.stringify({ msg: 'stopped' })}\n`);
    process.kill(process.pid, 'SIGSTOP');
  }
  return emit.call(this, name, ...values);
};

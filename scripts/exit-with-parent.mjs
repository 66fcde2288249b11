// Preloaded by `npm start`. npm signals only the shell that runs the script, and dash (sh on Debian and Ubuntu) ends
// at SIGTERM without passing it on: the service would keep running. So it shuts down once that shell has ended.
import { clearInterval, setInterval } from 'node:timers';

const INTERVAL_MS = 250;

const { ppid } = process;
const timer = setInterval(() => {
  if (process.ppid === ppid) return;
  clearInterval(timer);
  process.kill(process.pid, 'SIGTERM');
}, INTERVAL_MS).unref();

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Job, JobAnswer, JobResult } from './job';

/** The generator's process: a load that came from the bench's own would share its pauses. */
export class LoadGenerator {
  private readonly child: ChildProcess;

  constructor() {
    // `advanced` carries byte arrays as they are.
    this.child = fork(join(__dirname, 'generator.ts'), { serialization: 'advanced' });
  }

  run(job: Job): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error(`the load generator ended in ${job.call}`));
      this.child.once('exit', onExit);
      this.child.once('message', (message) => {
        this.child.off('exit', onExit);
        const answer = message as JobAnswer;
        if ('result' in answer) resolve(answer.result);
        else reject(new Error(`${job.call} failed under load: ${answer.failure}`));
      });
      this.child.send(job);
    });
  }

  stop(): void {
    this.child.kill();
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Job, JobAnswer, JobResult } from './job';

/** Runs the load generator in a separate process, so that pauses of this process do not affect the load. */
export class LoadGenerator {
  private readonly child: ChildProcess;

  constructor() {
    // `advanced` serializes byte arrays natively.
    this.child = fork(join(__dirname, 'generator.ts'), { serialization: 'advanced' });
  }

  run(job: Job): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => reject(new Error(`the load generator exited during ${job.call}`));
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

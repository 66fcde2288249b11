import { Client, credentials } from '@grpc/grpc-js';
import { SessionServiceService } from '../generated/conversation/v1/session_service';
import { errorMessage } from '../src/core/error-message';
import type { Job, JobAnswer, JobResult } from './job';
import { Measurement } from './measurement';
import { requestsOf } from './requests';
import { loadStream } from './stream-load';
import { loadUnary } from './unary-load';

const PATHS: Readonly<Record<Job['call'], string>> = {
  CreateSession: SessionServiceService.createSession.path,
  AddEvent: SessionServiceService.addEvent.path,
  BatchAddEvents: SessionServiceService.batchAddEvents.path,
  IngestEvents: SessionServiceService.ingestEvents.path,
  GetSession: SessionServiceService.getSession.path,
};

/** The load generator: a process that runs jobs from its parent sequentially, until the parent exits. */
async function run(job: Job): Promise<JobResult> {
  const client = new Client(`127.0.0.1:${job.port}`, credentials.createInsecure());
  try {
    const next = requestsOf(job);
    const load = job.call === 'IngestEvents' ? loadStream : loadUnary;
    const measurement = new Measurement(job);
    await load(client, PATHS[job.call], job, next, measurement);
    return measurement.result();
  } finally {
    client.close();
  }
}

function send(answer: JobAnswer): void {
  process.send?.(answer);
}

process.on('message', (job) => {
  // Only the parent sends messages, and all are jobs: see load-generator.ts.
  run(job as Job).then(
    (result) => send({ result }),
    (error: unknown) => send({ failure: errorMessage(error) }),
  );
});

import { Client, credentials } from '@grpc/grpc-js';
import { SessionServiceService } from '../generated/conversation/v1/session_service';
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

/** The load generator: a process that takes jobs from its parent, one after the other, until the parent goes. */
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

function answer(given: JobAnswer): void {
  process.send?.(given);
}

process.on('message', (job) => {
  // Its parent alone sends here, and sends jobs: see load-generator.ts.
  run(job as Job).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ failure: error instanceof Error ? error.message : String(error) }),
  );
});

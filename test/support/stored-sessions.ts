import { connect } from './connect';
import { startService } from './service-process';

/** Starts a service on `folder/data`, stores sessions of 200 events each, and stops it. Returns the data folder. */
export async function storeSessions(folder: string, sessions = 5): Promise<string> {
  const { service, port } = await startService({}, folder);
  const client = connect(port);
  const payload = { text: 'x'.repeat(900) };
  for (let index = 0; index < sessions; index += 1) {
    const sessionId = `call-${index}`;
    await client.createSession({ sessionId });
    const events = Array.from({ length: 200 }, (_, at) => ({
      eventId: `event-${at}`,
      type: 'text',
      payload,
    }));
    await client.batchAddEvents({ sessionId, events });
  }
  service.signal('SIGTERM');
  await service.exit;
  return `${folder}/data`;
}

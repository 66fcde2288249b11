import type { Config } from '../config/settings';
import { StartupError } from '../core/startup-error';
import type { Logger } from '../telemetry/logger';

/** Creates the database's indexes, for deployments that do so before their servers start. @throws StartupError */
export async function createIndexes({ mongodbUri }: Config, logger: Logger): Promise<void> {
  if (mongodbUri === undefined) {
    throw new StartupError('MONGODB_URI is not set: the embedded store needs no indexes');
  }
  const { createMongoIndexes } = await import('../storage/mongo/store');
  await createMongoIndexes({ uri: mongodbUri, logger });
  logger.info('indexes exist');
}

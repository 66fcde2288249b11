import type { SessionRepository } from '../../core/session-repository';
import type { Logger } from '../../telemetry/logger';

export interface MongoStoreSettings {
  readonly uri: string;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

export function openMongoStore(settings: MongoStoreSettings): Promise<SessionRepository> {
  return Promise.reject(new Error(`not written yet: ${settings.uri}`));
}

import { buildService } from './built-service';
import { findMongod } from './mongod-binary';

/** Builds the service and finds a mongod once; the test workers inherit the environment. */
export default async function globalSetup(): Promise<void> {
  await buildService();
  process.env.MONGOMS_SYSTEM_BINARY = await findMongod();
  process.env.MONGOMS_SYSTEM_BINARY_VERSION_CHECK = 'false';
}

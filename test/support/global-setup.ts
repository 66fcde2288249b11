import { buildService } from './built-service';
import { findMongod } from './mongod-binary';

/** Builds what the tests start; finds their mongod once, and tells the workers, who inherit the environment. */
export default async function globalSetup(): Promise<void> {
  await buildService();
  process.env.MONGOMS_SYSTEM_BINARY = await findMongod();
  process.env.MONGOMS_SYSTEM_BINARY_VERSION_CHECK = 'false';
}

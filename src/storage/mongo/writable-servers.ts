import type { mongo } from 'mongoose';

const WRITABLE = new Set(['RSPrimary', 'Standalone', 'Mongos', 'LoadBalancer']);

/** The addresses of the servers that accept writes, as the driver's monitoring knows them. */
export function writableServers({ servers }: mongo.TopologyDescription): string {
  const writable = [...servers.values()].filter(({ type }) => WRITABLE.has(type));
  return writable
    .map(({ address }) => address)
    .sort()
    .join(',');
}

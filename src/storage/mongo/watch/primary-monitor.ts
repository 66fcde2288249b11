import type { mongo } from 'mongoose';

/** Detects that the replica set has another primary, or none, from the driver's monitoring. */
export class PrimaryMonitor {
  /** Resolves with the first change. */
  readonly changed: Promise<void>;
  private resolveChanged: () => void = () => undefined;

  constructor(private readonly client: mongo.MongoClient) {
    this.changed = new Promise((resolve) => (this.resolveChanged = resolve));
    client.on('topologyDescriptionChanged', this.onTopologyChange);
  }

  close(): void {
    this.client.off('topologyDescriptionChanged', this.onTopologyChange);
  }

  private readonly onTopologyChange = (event: mongo.TopologyDescriptionChangedEvent): void => {
    if (primaryOf(event.previousDescription) !== primaryOf(event.newDescription)) this.resolveChanged();
  };
}

function primaryOf({ servers }: mongo.TopologyDescription): string | undefined {
  for (const server of servers.values()) if (server.type === 'RSPrimary') return server.address;
  return undefined;
}

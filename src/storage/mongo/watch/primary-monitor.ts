import type { mongo } from 'mongoose';

/** Another primary than before, or none, as the driver comes to know of it. */
export class PrimaryMonitor {
  readonly changed: Promise<void>;
  private happened: () => void = () => undefined;

  constructor(private readonly client: mongo.MongoClient) {
    this.changed = new Promise((resolve) => (this.happened = resolve));
    client.on('topologyDescriptionChanged', this.compare);
  }

  close(): void {
    this.client.off('topologyDescriptionChanged', this.compare);
  }

  private readonly compare = (event: mongo.TopologyDescriptionChangedEvent): void => {
    if (primaryOf(event.previousDescription) !== primaryOf(event.newDescription)) this.happened();
  };
}

function primaryOf({ servers }: mongo.TopologyDescription): string | undefined {
  for (const server of servers.values()) if (server.type === 'RSPrimary') return server.address;
  return undefined;
}

import { compileFunction } from 'node:vm';
import { mongo } from 'mongoose';

/** Runs what is written for `mongosh`, as far as docs/mongodb.md needs it, through the driver. */
export class MongoShell {
  /** What `printjson` printed. */
  readonly printed: unknown[] = [];
  private readonly streams: mongo.ChangeStream[] = [];

  constructor(private readonly db: mongo.Db) {}

  /** Returns the result of an expression; that of a cursor as a list. */
  async run(code: string): Promise<unknown> {
    // The shell waits for each call; a script cannot.
    const body = code.startsWith('db.')
      ? `return ${code}`
      : code.replaceAll('added.tryNext()', 'await added.tryNext()');
    const names = {
      db: this.database(),
      ISODate: (text: string) => new Date(text),
      passwordPrompt: () => 'a password',
      printjson: (value: unknown) => this.printed.push(value),
    };
    const script = compileFunction(`return (async () => {${body}})()`, Object.keys(names));
    const result: unknown = await Reflect.apply(script, undefined, Object.values(names));
    return result instanceof mongo.FindCursor || result instanceof mongo.AggregationCursor
      ? result.toArray()
      : result;
  }

  /** Ends the scripts that follow a change stream. */
  async close(): Promise<void> {
    for (const stream of this.streams) await stream.close();
  }

  private database(): object {
    const methods = {
      getName: () => this.db.databaseName,
      createUser: ({ user, ...options }: { readonly user: string }) =>
        this.db.command({ createUser: user, ...options }),
    };
    return new Proxy(methods, {
      get: (target, name): unknown => Reflect.get(target, name) ?? this.collection(String(name)),
    });
  }

  private collection(name: string): object {
    const collection = this.db.collection(name);
    return {
      find: (filter: mongo.Document, projection: mongo.Document = {}) =>
        collection.find(filter, { projection }),
      aggregate: (pipeline: mongo.Document[]) => collection.aggregate(pipeline),
      createIndex: (key: mongo.IndexSpecification, options: mongo.CreateIndexesOptions) =>
        collection.createIndex(key, options, {}),
      watch: (pipeline: mongo.Document[]) => this.watch(collection, pipeline),
    };
  }

  private watch(collection: mongo.Collection, pipeline: mongo.Document[]): object {
    const stream = collection.watch(pipeline, { maxAwaitTimeMS: 20 });
    this.streams.push(stream);
    const tryNext = (): Promise<mongo.Document | null> =>
      stream.tryNext().catch((error: unknown) => {
        if (stream.closed) return null;
        throw error;
      });
    return { isClosed: () => stream.closed, tryNext };
  }
}

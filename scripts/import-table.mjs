import { dirname, join, relative, sep } from 'node:path';

const CORE = ['core', 'core/validation', 'core/paging', 'core/use-cases'];
const TELEMETRY = ['telemetry', 'telemetry/logger'];
const SERVER = [...CORE, ...TELEMETRY, 'security', 'calls'];
const STORE = ['core', 'telemetry/logger', 'storage/bounded-map'];
const MONGO = [...STORE, 'storage/mongo', 'storage/mongo/documents'];
const GENERATED = '../generated';

/**
 * What each folder of src/, and some files with rules of their own, may import from the rest of src/. A file belongs
 * to the most specific entry that contains it. Files of the same entry may import each other. Dependencies between
 * entries point inward, towards core, and have no cycles.
 */
export const FOLDERS = {
  core: [],
  'core/validation': ['core'],
  'core/paging': ['core', 'core/validation'],
  'core/use-cases': CORE,
  config: [],
  protobuf: ['core'],
  'telemetry/logger': [],
  telemetry: ['core', 'telemetry/logger'],
  security: ['core', ...TELEMETRY],
  calls: ['core', ...TELEMETRY, 'security'],
  jobs: ['core', ...TELEMETRY],

  grpc: [...SERVER, GENERATED, 'package-root'],
  'grpc/messages': [...CORE, 'protobuf', GENERATED],
  'grpc/handlers': [...SERVER, 'protobuf', 'grpc', 'grpc/messages', GENERATED],
  'grpc/session-service': [...CORE, 'grpc/handlers', 'grpc/messages', GENERATED],
  'grpc/server': [...SERVER, 'grpc', 'grpc/handlers', 'grpc/session-service'],

  http: SERVER,
  'http/routes': [...SERVER, 'http'],
  'http/openapi': ['core', 'http/routes'],
  'http/api-routes': [...SERVER, 'http', 'http/routes', 'http/openapi'],
  'http/server': [...SERVER, 'http', 'http/routes', 'http/openapi', 'http/api-routes'],

  'storage/bounded-map': [],
  'storage/embedded/tables': ['core', 'protobuf', 'storage/bounded-map', GENERATED],
  'storage/embedded/files': ['core'],
  'storage/embedded': [...STORE, 'storage/embedded/tables', 'storage/embedded/files'],
  'storage/mongo/documents': ['core', 'protobuf', GENERATED],
  'storage/mongo': ['core', 'telemetry/logger', 'storage/mongo/documents'],
  'storage/mongo/sessions': MONGO,
  'storage/mongo/events': [...MONGO, 'storage/mongo/sessions'],
  'storage/mongo/append': [...MONGO, 'storage/mongo/sessions', 'storage/mongo/events'],
  'storage/mongo/watch': MONGO,
  'storage/mongo/store': [
    ...MONGO,
    ...['sessions', 'events', 'append', 'watch'].map((folder) => `storage/mongo/${folder}`),
  ],
  'storage/open-store': ['core', 'telemetry/logger', 'storage/embedded', 'storage/mongo/store'],

  [GENERATED]: [],
  'package-root': [],
  servers: [...SERVER, 'config', 'grpc', 'grpc/server', 'http/server'],
  app: [...SERVER, 'config', 'jobs', 'servers', 'storage/open-store'],
  commands: ['core', 'config', ...TELEMETRY, 'app', 'storage/embedded', 'storage/mongo/store', GENERATED],
  main: ['core', 'config', ...TELEMETRY, 'commands'],
};

/** Libraries that only some folders may import. */
export const LIBRARIES = {
  '@grpc': ['grpc', 'commands'],
  'grpc-health-check': ['grpc'],
  fastify: ['http'],
  '@fastify': ['http'],
  mongoose: ['storage/mongo'],
  mongodb: ['storage/mongo'],
  'mongodb-connection-string-url': ['storage/mongo'],
  lmdb: ['storage/embedded'],
  'fs-native-extensions': ['storage/embedded'],
  'prom-client': ['telemetry'],
  pino: ['telemetry/logger'],
  'pino-pretty': ['telemetry/logger'],
  '@opentelemetry': ['telemetry'],
  '@bufbuild/protobuf': ['core', 'protobuf', 'grpc'],
};

/** An ESLint rule that enforces FOLDERS and LIBRARIES. Options: `{ root, folders, libraries }`. */
export const importTable = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object' }],
    messages: {
      folder: '{{from}} may not import {{to}}: see FOLDERS in scripts/import-table.mjs',
      library: '{{from}} may not import {{to}}: see LIBRARIES in scripts/import-table.mjs',
      unlisted: '{{file}} has no entry in FOLDERS in scripts/import-table.mjs: add one',
    },
  },
  create(context) {
    const [{ root, folders, libraries }] = context.options;
    const pathOf = (file) => relative(root, file).split(sep).join('/');
    const contains = (entry, path) => path === entry || path.startsWith(`${entry}/`);
    const entryOf = (path) =>
      Object.keys(folders)
        .filter((entry) => contains(entry, path.replace(/(\.d)?\.ts$/, '')))
        .sort((a, b) => b.length - a.length)[0];
    const own = pathOf(context.filename);
    const from = entryOf(own);

    const checkFolder = (node, source) => {
      const target = pathOf(join(dirname(context.filename), source));
      const to = entryOf(target) ?? target;
      if (to !== from && !folders[from].includes(to))
        context.report({ node, messageId: 'folder', data: { from, to } });
    };
    const checkLibrary = (node, source) => {
      const [library] = Object.keys(libraries).filter((name) => contains(name, source));
      if (library !== undefined && !libraries[library].some((folder) => contains(folder, from)))
        context.report({ node, messageId: 'library', data: { from, to: library } });
    };
    const check = ({ source }) => {
      if (source?.type !== 'Literal') return;
      if (from === undefined) context.report({ node: source, messageId: 'unlisted', data: { file: own } });
      else if (source.value.startsWith('.')) checkFolder(source, source.value);
      else checkLibrary(source, source.value);
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

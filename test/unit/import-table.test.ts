import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** Runs an ES module in its own process, because Jest cannot load one, and returns the JSON that it prints. */
function run(script: string, ...args: string[]): unknown {
  const command = ['--input-type=module', '--eval', script, ...args];
  return JSON.parse(execFileSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' }));
}

/** Returns the rule's messages for one line of code in a file of src/. */
function lint(file: string, line: string): unknown {
  const script = `
    import { join } from 'node:path';
    import { Linter } from 'eslint';
    import { FOLDERS, importTable, LIBRARIES } from './scripts/import-table.mjs';
    const [file, line] = process.argv.slice(1);
    const options = { root: join(process.cwd(), 'src'), folders: FOLDERS, libraries: LIBRARIES };
    const config = {
      files: ['**/*.ts'],
      plugins: { structure: { rules: { imports: importTable } } },
      rules: { 'structure/imports': ['error', options] },
    };
    const messages = new Linter().verify(line, config, join(process.cwd(), 'src', file));
    console.log(JSON.stringify(messages.map(({ message }) => message)));`;
  return run(script, file, line);
}

test.each([
  ['core/session.ts', "import '../grpc/status';", 'core may not import grpc'],
  ['core/session.ts', "import './use-cases/add-event';", 'core may not import core/use-cases'],
  ['core/session.ts', "export * from '../telemetry/metrics';", 'core may not import telemetry'],
  ['core/session.ts', "import '../../generated/google/rpc/status';", 'core may not import ../generated'],
  ['calls/admission.ts', "import '../grpc/server';", 'calls may not import grpc/server'],
  ['http/field-reader.ts', "import './server';", 'http may not import http/server'],
  ['storage/mongo/documents/schema.ts', "import '../connection';", 'may not import storage/mongo'],
  ['storage/mongo/store.ts', "import('../embedded/store');", 'may not import storage/embedded'],
  ['storage/embedded/store.ts', "import '../../telemetry/metrics';", 'may not import telemetry'],
  ['http/server.ts', "import '@grpc/grpc-js';", 'http/server may not import @grpc'],
  ['grpc/server.ts', "import 'mongodb';", 'grpc/server may not import mongodb'],
  ['elsewhere/file.ts', "import '../core/session';", 'has no entry in FOLDERS'],
])('in %s, %s is reported', (file, line, message) => {
  expect(lint(file, line)).toEqual([expect.stringContaining(message)]);
});

test.each([
  ['core/use-cases/add-event.ts', "import '../validation/text';"],
  ['storage/mongo/sessions/expiry.ts', "import '../../../telemetry/logger';"],
  ['grpc/server.ts', "import '@grpc/grpc-js';"],
  ['http/server.ts', "import 'node:net';"],
])('in %s, %s is allowed', (file, line) => {
  expect(lint(file, line)).toEqual([]);
});

test('the folders do not form a cycle', () => {
  const folders = run(
    `import { FOLDERS } from './scripts/import-table.mjs'; console.log(JSON.stringify(FOLDERS));`,
  ) as Record<string, string[]>;
  const visit = (folder: string, path: readonly string[]): void => {
    expect([...path, folder]).toEqual([...new Set([...path, folder])]);
    for (const next of folders[folder] ?? []) if (next !== folder) visit(next, [...path, folder]);
  };
  for (const folder of Object.keys(folders)) visit(folder, []);
});

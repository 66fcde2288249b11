const toCommonJs = ['@swc/jest', { jsc: { target: 'es2023' }, module: { type: 'commonjs' } }];

/** The MongoDB driver loads `os` by import(), which Jest's sandbox lacks; without it no server takes its handshake. */
const driverFile = 'mongodb/lib/runtime_adapters\\.js$';

/** @type {import('jest').Config} */
module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Those need a Go toolchain, and these tools from elsewhere: `npm run test:clients` and `npm run test:deploy` run them.
  testPathIgnorePatterns: [
    '/node_modules/',
    '/(real-clients|readme-quickstart)\\.test\\.ts$',
    '/test/clients/',
    '/test/deploy/',
  ],
  transform: { '\\.ts$': toCommonJs, [driverFile]: toCommonJs },
  transformIgnorePatterns: [`/node_modules/(?!(?:.*/)?${driverFile})`],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  maxWorkers: 2,
  testTimeout: 30_000,
};

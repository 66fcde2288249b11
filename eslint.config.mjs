import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What each folder of src may import from the rest of src: arrows point inward, app.ts alone knows all. */
const inward = (files, forbidden, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: forbidden, message }] }] },
});

export default tseslint.config(
  { ignores: ['generated/', 'dist/', 'node_modules/', 'coverage/', 'data/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Control characters are what the id rules are about.
      'no-control-regex': 'off',
    },
  },
  inward(
    ['src/core/**'],
    [
      '**/grpc/**',
      '**/http/**',
      '**/storage/**',
      '**/telemetry/**',
      '../**/protobuf/**',
      '**/generated/**',
      'mongoose',
      'mongodb',
      'lmdb',
      '@grpc/*',
    ],
    'core imports nothing from the rest of src and does no I/O',
  ),
  inward(
    ['src/storage/mongo/**'],
    ['**/grpc/**', '**/http/**', '**/embedded/**'],
    'an adapter knows core alone',
  ),
  inward(
    ['src/storage/embedded/**'],
    ['**/grpc/**', '**/http/**', '**/mongo/**'],
    'an adapter knows core alone',
  ),
  inward(['src/grpc/**'], ['**/http/**', '**/storage/**'], 'a face knows core alone'),
  {
    // Mongoose types a schema's paths as instances of a class, and takes literals.
    files: ['src/storage/mongo/documents/schema.ts'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: 'readonly', module: 'writable' } },
  },
);

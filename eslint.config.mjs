import { join } from 'node:path';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { FOLDERS, importTable, LIBRARIES } from './scripts/import-table.mjs';

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
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // The rules for IDs match control characters.
      'no-control-regex': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { structure: { rules: { imports: importTable } } },
    rules: {
      'structure/imports': [
        'error',
        { root: join(import.meta.dirname, 'src'), folders: FOLDERS, libraries: LIBRARIES },
      ],
    },
  },
  {
    // Mongoose types the paths of a schema as class instances, but expects object literals.
    files: ['src/storage/mongo/documents/schema.ts'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: 'readonly', module: 'writable' } },
  },
);

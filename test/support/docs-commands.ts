import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root';

/** A command in the documentation, and the reply shown for it. */
export interface DocsCommand {
  readonly command: string;
  readonly reply?: { readonly form: 'json' | 'text'; readonly text: string };
}

/** The page of each section of commands. */
const PAGES = { grpcurl: 'docs/api.md', curl: 'docs/api.md', quickstart: 'README.md' } as const;

const BLOCK = /^```(\w+)\n(.*?)\n```$/gms;

/** What `date +%s` printed for the session IDs in docs/api.md. */
const SHOWN_SECOND = '1795426200';

/** The commands between the markers of this name, in order: each `sh` block, with the `json` or `text` block after it. */
export function docsCommands(name: keyof typeof PAGES): DocsCommand[] {
  const page = PAGES[name];
  const text = readFileSync(join(packageRoot(), page), 'utf8');
  const section = new RegExp(`<!-- ${name}:begin -->(.*?)<!-- ${name}:end -->`, 's').exec(text)?.[1];
  if (section === undefined) throw new Error(`${page} has no section between the ${name} markers`);
  const commands: DocsCommand[] = [];
  for (const [, form, text = ''] of section.matchAll(BLOCK)) {
    if (form === 'sh') {
      commands.push({ command: text });
    } else if (form === 'json' || form === 'text') {
      const last = commands.pop();
      if (last === undefined || last.reply !== undefined)
        throw new Error(`${page}: a ${form} block follows no command: ${text}`);
      commands.push({ ...last, reply: { form, text } });
    } else {
      throw new Error(
        `${page}: the ${name} section takes sh, json and text blocks, and has ${form ?? 'none'}`,
      );
    }
  }
  return commands;
}

/** A section of docs/api.md as one user pastes it: its first command sets SESSION for the others. */
export class PastedSection {
  readonly commands: readonly DocsCommand[];
  private readonly setup: string;
  private session: string | undefined;

  constructor(name: 'grpcurl' | 'curl') {
    const [setup, ...commands] = docsCommands(name);
    if (setup?.command.startsWith('SESSION=') !== true)
      throw new Error(`${PAGES[name]}: the ${name} section must start by setting SESSION`);
    this.setup = setup.command;
    this.commands = commands;
  }

  /** The environment that the commands need. The first call runs the setup command. */
  environment(): { readonly SESSION: string } {
    this.session ??= execFileSync('sh', ['-c', `${this.setup}\nprintf %s "$SESSION"`], { encoding: 'utf8' });
    return { SESSION: this.session };
  }

  /** A command's output with the session ID that the page shows. */
  asShown(output: string): string {
    const shown = this.setup.replace('SESSION=', '').replace('$(date +%s)', SHOWN_SECOND);
    return output.replaceAll(this.environment().SESSION, shown);
  }
}

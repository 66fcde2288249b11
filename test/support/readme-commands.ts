import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A command in the README, and the reply shown for it. */
export interface ReadmeCommand {
  readonly command: string;
  readonly reply?: { readonly form: 'json' | 'text'; readonly text: string };
}

const BLOCK = /^```(\w+)\n(.*?)\n```$/gms;

/** The commands between the README's markers of this name, in order: each `sh` block, with the `json` or `text` block after it. */
export function readmeCommands(name: 'grpcurl' | 'curl'): ReadmeCommand[] {
  const readme = readFileSync(resolve(__dirname, '..', '..', 'README.md'), 'utf8');
  const section = new RegExp(`<!-- ${name}:begin -->(.*?)<!-- ${name}:end -->`, 's').exec(readme)?.[1];
  if (section === undefined) throw new Error(`README.md has no section between the ${name} markers`);
  const commands: ReadmeCommand[] = [];
  for (const [, form, text = ''] of section.matchAll(BLOCK)) {
    if (form === 'sh') {
      commands.push({ command: text });
    } else if (form === 'json' || form === 'text') {
      const last = commands.pop();
      if (last === undefined || last.reply !== undefined)
        throw new Error(`README.md: a ${form} block follows no command: ${text}`);
      commands.push({ ...last, reply: { form, text } });
    } else {
      throw new Error(
        `README.md: the ${name} section takes sh, json and text blocks, and has ${form ?? 'none'}`,
      );
    }
  }
  return commands;
}

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A command in the README, and its documented output. */
export interface ReadmeCommand {
  readonly command: string;
  readonly reply?: { readonly form: 'json' | 'text'; readonly text: string };
}

const BLOCK = /^```(\w+)\n(.*?)\n```$/gms;

/** Returns the commands between the README's markers with this name: each `sh` block with its following `json` or `text` block. */
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
        `README.md: the ${name} section may have only sh, json and text blocks, but has ${form ?? 'another'}`,
      );
    }
  }
  return commands;
}

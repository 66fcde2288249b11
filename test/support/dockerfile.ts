/** An instruction of a Dockerfile, such as `RUN npm ci`. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** A build stage: the instructions from one FROM to the next. */
export interface Stage {
  readonly image: string;
  /** Undefined if FROM names none. */
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** Parses a Dockerfile. Heredocs and escape directives are not supported. */
export function readDockerfile(content: string): Stage[] {
  const lines = content
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const defaults = new Map<string, string>();
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    const text = rest.replace(/\$\{(\w+)\}/g, (_, variable: string) => defaults.get(variable) ?? '');
    if (name === 'ARG') {
      const [, variable = '', value = ''] = /^(\w+)=(.*)$/.exec(text) ?? [];
      defaults.set(variable, value);
    } else if (name === 'FROM') {
      const [, image = '', stage] = /^(\S+)(?:\s+AS\s+(\w+))?$/i.exec(text) ?? [];
      stages.push({ image, name: stage, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push({ name, text });
    }
  }
  return stages;
}

/** The name-value pairs of an ENV or LABEL instruction. */
export function pairsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    Array.from(text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S*))/g), ([, name = '', quoted, plain]) => [
      name,
      quoted ?? plain ?? '',
    ]),
  );
}

/** The arguments of an instruction in its JSON form, such as `CMD ["node", "main.js"]`. */
export function argumentsOf(text: string): string[] {
  return JSON.parse(text.slice(text.indexOf('['))) as string[];
}

import { HttpClient } from './http-client';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A scrape of `/metrics`: https://prometheus.io/docs/instrumenting/exposition_formats/. */
export class Scrape {
  /** The names of the metrics; a histogram's samples have suffixes. */
  readonly names: ReadonlySet<string>;
  private readonly samples: readonly Sample[];

  constructor(readonly text: string) {
    this.names = new Set(Array.from(text.matchAll(/^# TYPE (\w+) /gm), ([, name = '']) => name));
    this.samples = Array.from(
      text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm),
      ([, name = '', labels, value]) => ({
        name,
        labels: Object.fromEntries(
          Array.from((labels ?? '').matchAll(/(\w+)="([^"]*)"/g), ([, label = '', text = '']) => [
            label,
            text,
          ]),
        ),
        value: Number(value),
      }),
    );
  }

  static async of(url: string): Promise<Scrape> {
    const { status, body } = await new HttpClient(url).get('/metrics');
    if (status !== 200) throw new Error(`/metrics answered ${status}`);
    return new Scrape(String(body));
  }

  /** The value of the first sample with these labels; undefined if no sample has them. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    return this.samples.find(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )?.value;
  }
}

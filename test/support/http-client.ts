/** A response. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A client of the HTTP API. */
export class HttpClient {
  constructor(readonly url: string) {}

  get(path: string): Promise<HttpReply> {
    return this.send(path, {});
  }

  /** @param body a value to send as JSON, or text to send unchanged; undefined: no body */
  post(path: string, body?: unknown): Promise<HttpReply> {
    if (body === undefined) return this.send(path, { method: 'POST' });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.send(path, { method: 'POST', body: text, headers: { 'content-type': 'application/json' } });
  }

  async send(path: string, options: RequestInit): Promise<HttpReply> {
    const response = await fetch(`${this.url}${path}`, options);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as unknown) : text,
    };
  }
}

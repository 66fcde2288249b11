import {
  type Attributes,
  context,
  propagation,
  type Span as OpenSpan,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { NodeSDK, resources } from '@opentelemetry/sdk-node';
import { ConversationError } from '../core/errors';
import { withTimeout } from '../core/with-timeout';

/** The conversation that a span is about, by OpenTelemetry's conventions for generative AI. */
const CONVERSATION_ID = 'gen_ai.conversation.id';

/** How long the last spans may take to be sent at shutdown, in milliseconds: a collector may be away. */
const CLOSE_MS = 1000;

/** The trace headers that a caller sent. */
export interface TraceHeaders {
  keys(): string[];
  get(name: string): string | undefined;
}

const HEADERS: TextMapGetter<TraceHeaders> = {
  keys: (headers) => headers.keys(),
  get: (headers, name) => headers.get(name),
};

/** A call that is traced. */
export interface CallSpan {
  /** Does work whose spans belong under this one. */
  run<Value>(work: () => Value): Value;
  /** @param failure set where the fault is the server's own */
  end(attributes: Attributes, failure?: string): void;
}

/**
 * OpenTelemetry traces, set up by the standard `OTEL_*` settings, which its own SDK reads.
 * Loaded only where they are wanted.
 */
export class Tracing {
  private readonly tracer: Tracer;
  /** Spans of calls that are about many conversations. */
  private readonly mixed = new WeakSet<OpenSpan>();

  private constructor(private readonly sdk: NodeSDK) {
    this.tracer = trace.getTracer('conversation-session-service');
  }

  static start(): Tracing {
    const sdk = new NodeSDK({
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over it.
      resource: resources
        .defaultResource()
        .merge(resources.resourceFromAttributes({ 'service.name': 'conversation-session-service' })),
      // Traces alone: logs and metrics go their own ways.
      metricReaders: [],
      logRecordProcessors: [],
    });
    sdk.start();
    return new Tracing(sdk);
  }

  /**
   * Begins the span of a call, under the caller's where the headers name one.
   *
   * @param mixed whether the call is about many conversations: then its span names none
   */
  call(name: string, attributes: Attributes, headers: TraceHeaders, mixed: boolean): CallSpan {
    const parent = propagation.extract(context.active(), headers, HEADERS);
    const span = this.tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    if (mixed) this.mixed.add(span);
    const within = trace.setSpan(parent, span);
    return {
      run: (work) => context.with(within, work),
      end: (more, failure) => {
        span.setAttributes(more);
        if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
        span.end();
      },
    };
  }

  /** A span around what the store does for the call, or for one event of a stream, that is under way. */
  async inStore<Value>(
    operation: string,
    sessionId: string | undefined,
    work: () => Promise<Value>,
  ): Promise<Value> {
    const attributes: Attributes = { 'db.operation.name': operation };
    if (sessionId !== undefined) {
      attributes[CONVERSATION_ID] = sessionId;
      const call = trace.getActiveSpan();
      if (call !== undefined && !this.mixed.has(call)) call.setAttribute(CONVERSATION_ID, sessionId);
    }
    const span = this.tracer.startSpan(`store ${operation}`, { kind: SpanKind.CLIENT, attributes });
    try {
      return await context.with(trace.setSpan(context.active(), span), work);
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  /** Sends what is left of the spans, if that can be done soon. */
  async close(): Promise<void> {
    const sent = this.sdk.shutdown().catch(() => undefined);
    await withTimeout(CLOSE_MS, sent, () => undefined);
  }
}

function markFailed(span: OpenSpan, error: unknown): void {
  const reason = error instanceof ConversationError ? error.reason : 'INTERNAL';
  span.setAttribute('error.type', reason);
  span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
}

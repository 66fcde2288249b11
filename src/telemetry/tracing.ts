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

/** The span attribute for a conversation, by OpenTelemetry's semantic conventions for generative AI. */
const CONVERSATION_ID = 'gen_ai.conversation.id';

/** How long exporting the last spans may take at shutdown, in milliseconds: the collector may be unreachable. */
const CLOSE_TIMEOUT_MS = 1000;

/** The trace headers of a call. */
export interface TraceHeaders {
  keys(): string[];
  get(name: string): string | undefined;
}

const HEADERS: TextMapGetter<TraceHeaders> = {
  keys: (headers) => headers.keys(),
  get: (headers, name) => headers.get(name),
};

/** The span of a call. */
export interface CallSpan {
  /** Runs work whose spans become children of this one. */
  run<Value>(work: () => Value): Value;
  /** @param failure set if the call failed because of the server */
  end(attributes: Attributes, failure?: string): void;
}

/**
 * OpenTelemetry traces, configured by the standard `OTEL_*` settings, which the SDK reads itself.
 * Loaded only if tracing is on.
 */
export class Tracing {
  private readonly tracer: Tracer;
  /** Spans of calls that concern several conversations. */
  private readonly mixed = new WeakSet<OpenSpan>();

  private constructor(private readonly sdk: NodeSDK) {
    this.tracer = trace.getTracer('conversation-session-service');
  }

  static start(): Tracing {
    const sdk = new NodeSDK({
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
      resource: resources
        .defaultResource()
        .merge(resources.resourceFromAttributes({ 'service.name': 'conversation-session-service' })),
      // Traces only: logs and metrics are not exported by OpenTelemetry.
      metricReaders: [],
      logRecordProcessors: [],
    });
    sdk.start();
    return new Tracing(sdk);
  }

  /**
   * Starts the span of a call, as a child of the caller's span if the headers name one.
   *
   * @param mixed whether the call concerns several conversations; its span then names none
   */
  call(name: string, attributes: Attributes, headers: TraceHeaders, mixed: boolean): CallSpan {
    const parent = propagation.extract(context.active(), headers, HEADERS);
    const span = this.tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    if (mixed) this.mixed.add(span);
    const spanContext = trace.setSpan(parent, span);
    return {
      run: (work) => context.with(spanContext, work),
      end: (more, failure) => {
        span.setAttributes(more);
        if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
        span.end();
      },
    };
  }

  /** Runs a store operation in a span, as a child of the active call's span. */
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

  /** Exports the remaining spans, within a time limit. */
  async close(): Promise<void> {
    const sent = this.sdk.shutdown().catch(() => undefined);
    await withTimeout(CLOSE_TIMEOUT_MS, sent, () => undefined);
  }
}

function markFailed(span: OpenSpan, error: unknown): void {
  const reason = error instanceof ConversationError ? error.reason : 'INTERNAL';
  span.setAttribute('error.type', reason);
  span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
}

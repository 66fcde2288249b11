import type { RequestContext } from '../../core/request-context';
import type { Scope } from '../../security/authorizer';
import type { JsonBody } from '../json-body';

/** A request, parsed and not yet validated. */
export interface ApiRequest {
  /** From the path; empty if the path has none. */
  readonly sessionId: string;
  readonly query: unknown;
  readonly body: JsonBody | undefined;
}

export interface ApiReply {
  readonly statusCode: 200 | 201;
  readonly body: object;
}

export type RouteName = 'createSession' | 'addEvent' | 'getSession' | 'completeSession';

/** A route of the API: JSON to a use case, and its result to JSON. */
export interface Route {
  readonly name: RouteName;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The scope that the caller's token needs. */
  readonly scope: Scope;
  handle(request: ApiRequest, context: RequestContext): Promise<ApiReply>;
}

import {
  AddEventRequest,
  BatchAddEventsRequest,
  CreateSessionRequest,
  IngestEventsRequest,
  ListEventsRequest,
  ListSessionsRequest,
  UpdateSessionRequest,
} from '../../../generated/conversation/v1/session_service';
import type { MessageField, MessageFields } from '../../protobuf/merge-fields';

const STRUCT: MessageField = {};
const TIMESTAMP: MessageField = {};
const FIELD_MASK: MessageField = { fields: {} };
const SESSION: MessageField = { fields: { 4: TIMESTAMP, 5: TIMESTAMP, 6: STRUCT, 9: TIMESTAMP } };
const NEW_EVENT: MessageField = { repeated: true, fields: { 3: STRUCT } };

const ADD_EVENT: MessageFields = { 4: STRUCT };
const NONE: MessageFields = {};

/** The fields of each request that contain messages. A test compares them with the proto files. */
const FIELDS = new Map<unknown, MessageFields>([
  [CreateSessionRequest, { 4: STRUCT }],
  [AddEventRequest, ADD_EVENT],
  [BatchAddEventsRequest, { 2: NEW_EVENT }],
  [IngestEventsRequest, { 1: { fields: ADD_EVENT } }],
  [ListEventsRequest, { 7: TIMESTAMP, 8: TIMESTAMP }],
  [ListSessionsRequest, { 5: TIMESTAMP, 6: TIMESTAMP }],
  [UpdateSessionRequest, { 1: SESSION, 2: FIELD_MASK }],
]);

/** @param request what ts-proto generates for the request */
export function messageFieldsOf(request: unknown): MessageFields {
  return FIELDS.get(request) ?? NONE;
}

import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { SessionServiceService } from '../generated/conversation/v1/session_service';
import { BATCH, PAGE } from './operations';
import { addEventReply, batchReply, ingestReply, pageReply } from './transcript-event';

const SESSION_ID = 'echoed-session-0';

const identity = (bytesCodec: Buffer): Buffer => bytesCodec;

/** The baseline cost of gRPC: no store and no decoding, with replies of realistic size. */
const { addEvent, batchAddEvents, getSession, ingestEvents } = SessionServiceService;
const bytes = {
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
};
const definition: ServiceDefinition = {
  addEvent: { ...addEvent, ...bytes },
  batchAddEvents: { ...batchAddEvents, ...bytes },
  getSession: { ...getSession, ...bytes },
  ingestEvents: { ...ingestEvents, ...bytes },
};

function unary(reply: Buffer): handleUnaryCall<Buffer, Buffer> {
  return (_, callback) => callback(null, reply);
}

function stream(reply: Buffer): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => {
    call.on('data', () => call.write(reply));
    call.on('end', () => call.end());
  };
}

const server = new Server();
server.addService(definition, {
  addEvent: unary(addEventReply(SESSION_ID)),
  batchAddEvents: unary(batchReply(SESSION_ID, BATCH)),
  getSession: unary(pageReply(SESSION_ID, PAGE)),
  ingestEvents: stream(ingestReply(SESSION_ID)),
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, grpcPort) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ grpcPort })}\n`);
});
process.once('SIGTERM', () => process.exit(0));

import { credentials, type ServiceError } from '@grpc/grpc-js';
import {
  type AddEventRequest,
  type AddEventResponse,
  type CompleteSessionRequest,
  type CompleteSessionResponse,
  type CreateSessionRequest,
  type CreateSessionResponse,
  type GetSessionRequest,
  type GetSessionResponse,
  SessionServiceClient,
} from '../generated/conversation/v1/session_service';

type Callback<Response> = (error: ServiceError | null, response: Response) => void;

/** The generated client, with promises. */
export class SessionClient {
  private readonly client: SessionServiceClient;

  constructor(port: number) {
    this.client = new SessionServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  createSession(request: CreateSessionRequest): Promise<CreateSessionResponse> {
    return promised((callback) => this.client.createSession(request, callback));
  }

  addEvent(request: AddEventRequest): Promise<AddEventResponse> {
    return promised((callback) => this.client.addEvent(request, callback));
  }

  completeSession(request: CompleteSessionRequest): Promise<CompleteSessionResponse> {
    return promised((callback) => this.client.completeSession(request, callback));
  }

  getSession(request: GetSessionRequest): Promise<GetSessionResponse> {
    return promised((callback) => this.client.getSession(request, callback));
  }

  close(): void {
    this.client.close();
  }
}

function promised<Response>(call: (callback: Callback<Response>) => unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

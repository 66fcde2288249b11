/**
 * How old a writer's last read of the session may be when it acknowledges an append, in milliseconds.
 * If it is older, the writer reads the session again first. The sweep of expired sessions relies on it.
 */
export const READ_VALID_MS = 6000;

import { type Identity, SwappedFiles } from './certificates';

/** Writes the files of an identity, and returns them with the settings that refer to them. */
export function tlsFiles({ certificate, key }: Identity, clientCa?: Buffer) {
  const files = new SwappedFiles({
    'tls.crt': certificate,
    'tls.key': key,
    ...(clientCa === undefined ? {} : { 'ca.crt': clientCa }),
  });
  const environment = {
    TLS_CERT: files.path('tls.crt'),
    TLS_KEY: files.path('tls.key'),
    ...(clientCa === undefined ? {} : { TLS_CLIENT_CA: files.path('ca.crt') }),
  };
  return { files, environment };
}

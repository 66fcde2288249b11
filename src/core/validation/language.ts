import { LIMITS } from '../limits';
import type { Violations } from './violations';

// The complete grammar of RFC 5646 §2.1: well-formed tags, whether or not their subtags are registered.
const LANGUAGE = '(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})';
const SCRIPT = '(?:-[a-z]{4})?';
const REGION = '(?:-(?:[a-z]{2}|[0-9]{3}))?';
const VARIANTS = '(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*';
const EXTENSIONS = '(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*';
const PRIVATE_USE = 'x(?:-[a-z0-9]{1,8})+';
const IRREGULAR =
  'en-GB-oed|i-ami|i-bnn|i-default|i-enochian|i-hak|i-klingon|i-lux|i-mingo|i-navajo|i-pwn|i-tao|i-tay|i-tsu|sgn-BE-FR|sgn-BE-NL|sgn-CH-DE';
const REGULAR = 'art-lojban|cel-gaulish|no-bok|no-nyn|zh-guoyu|zh-hakka|zh-min|zh-min-nan|zh-xiang';

const WELL_FORMED = new RegExp(
  `^(?:${LANGUAGE}${SCRIPT}${REGION}${VARIANTS}${EXTENSIONS}(?:-${PRIVATE_USE})?|${PRIVATE_USE}|${IRREGULAR}|${REGULAR})$`,
  'i',
);

/** A `language`: a well-formed RFC 5646 tag. */
export function checkLanguage(violations: Violations, field: string, value: string): void {
  if (value === '') {
    violations.add(field, 'is required; use a language tag such as en-US (RFC 5646)');
  } else if (value.length > LIMITS.languageBytes) {
    violations.add(field, `must be at most ${LIMITS.languageBytes} bytes; got ${Buffer.byteLength(value)}`);
  } else if (!WELL_FORMED.test(value)) {
    violations.add(field, 'must be a well-formed language tag such as en-US (RFC 5646)');
  }
}

import { createRedactor, credentialsIn } from '../../models/domain/redact';

/**
 * `redact`, and passwords in the arguments of this process: messages repeat what was typed, also a URL whose scheme was forgotten
 * or mistyped, and a URL ends for the patterns at a quote that a password may hold.
 */
export const hideTyped = createRedactor(process.argv.slice(2).flatMap(credentialsIn));

/** Refuses DPoP proofs with a long id (`jti`): the library accepts any. */
import { InvalidDpopProofError } from '@atproto/oauth-provider/errors'
import type { DpopProof } from '@atproto/oauth-provider/verifier'
import { MAX_PROOF_ID_LENGTH } from '#src/rules/recently-seen.ts'

export function mustHaveShortId<P extends DpopProof | null>(proof: P): P {
  if (proof === null || proof.jti.length <= MAX_PROOF_ID_LENGTH) return proof
  throw new InvalidDpopProofError('DPoP "jti" is too long')
}

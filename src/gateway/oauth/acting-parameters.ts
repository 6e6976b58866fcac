/**
 * The member that authorizes a request as a group. It is kept with the request's parameters, which the library passes
 * on to the token; apps cannot set it.
 */
import type { RequestData } from '@atproto/oauth-provider/store'

type Parameters = RequestData['parameters']

const FIELD = 'act'

export function memberIn(parameters: Parameters): string | undefined {
  const member = (parameters as { [FIELD]?: unknown })[FIELD]
  return typeof member === 'string' ? member : undefined
}

export function withMember(parameters: Parameters, member: string): Parameters {
  return { ...parameters, [FIELD]: member } as Parameters
}

/** The parameters as the app sent them. */
export function withoutMember(parameters: Parameters): Parameters {
  const { [FIELD]: _, ...rest } = parameters as Parameters & { [FIELD]?: unknown }
  return rest as Parameters
}

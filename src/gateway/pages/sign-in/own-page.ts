/** The sign-in form on a page of this server that needs a session. It leads back to that page. */
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import { type Note, renderPage } from '#src/gateway/pages/shell.ts'
import { flowTo } from '#src/gateway/pages/sign-in/flow.ts'
import { signInView } from '#src/gateway/pages/sign-in/sign-in-view.ts'
import { type SignInContext, signInTexts } from '#src/gateway/pages/sign-in/texts.ts'
import { signInOptions } from '#src/gateway/pages/sign-in.ts'

export async function signInPage(
  context: PageContext,
  session: PageSession,
  { next, note }: { next: string; note?: Note | undefined },
): Promise<Response> {
  const options = await signInOptions(context)
  return renderPage(session, signInView(signInContext(session, next), { options, note }))
}

/** `next` is the path of a page here, or of an app's request. */
export function signInContext(session: PageSession, next: string): SignInContext {
  return {
    ...session,
    ...{ flow: flowTo(next), app: undefined },
    texts: signInTexts(session),
  }
}

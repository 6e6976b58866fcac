/** The texts of the pages about the server: overview, relays, firehose, webhooks, jobs, mail, checks, backups, configuration. */
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'
import { de } from '#src/gateway/pages/operator/server/locales/de.ts'
import { en } from '#src/gateway/pages/operator/server/locales/en.ts'
import { es } from '#src/gateway/pages/operator/server/locales/es.ts'
import { fr } from '#src/gateway/pages/operator/server/locales/fr.ts'
import { ja } from '#src/gateway/pages/operator/server/locales/ja.ts'
import { ko } from '#src/gateway/pages/operator/server/locales/ko.ts'
import { pt } from '#src/gateway/pages/operator/server/locales/pt.ts'
import { ro } from '#src/gateway/pages/operator/server/locales/ro.ts'
import { sv } from '#src/gateway/pages/operator/server/locales/sv.ts'

export type ServerText = Messages<keyof typeof en>['text']

/** In the language of the page. */
export const serverTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })

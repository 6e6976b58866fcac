/** The texts of the page on archives of a group that are not those of an account, in Swedish. */
import type { GroupArchiveTexts } from '#src/gateway/pages/archives/group/locales/en.ts'

export const sv: GroupArchiveTexts = {
  bucketHelp:
    'En gång om dagen, om något har ändrats, lägger servern en signerad kopia av gruppen i en bucket: inlägg och andra poster, filer och inställningar. Medlemmar, roller och nycklar ingår inte. Av äldre kopior behålls de senaste från 7 dagar, 4 veckor och 12 månader.',
  yourBucket: 'Gruppens bucket',
  stopped: 'Gruppen arkiveras inte längre.',
  restoreHelp:
    'Låt mappen vara som den är: varje arkiv har en signerad lista över vad som hör till det. För att återställa ett, ge det till den som driver den här servern eller en annan server med Headwater. Medlemmar och roller förblir som de är.',
}

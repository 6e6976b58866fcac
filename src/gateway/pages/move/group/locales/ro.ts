/** The texts of the pages on moving a group that are not those of an account, in Romanian. */
import type { GroupMoveTexts } from '#src/gateway/pages/move/group/locales/en.ts'

export const ro: GroupMoveTexts = {
  moveAwayHelp:
    'Grupul își păstrează urmăritorii, postările și imaginile. Mai întâi este copiat, fără ca cineva să observe. Este mutat abia când confirmi cu un cod.',
  accountAt: 'Grupul pe {server}',
  bringBackHelp:
    'Grupul este acum pe {server}. Datele lui sunt copiate înapoi aici, cu membrii și rolurile lui.',
  missingHelp:
    'Serverul vechi nu le mai are sau cel nou nu le acceptă. Dacă mergi mai departe, postările grupului rămân fără aceste fișiere.',
  confirmHelp:
    'Totul este copiat. Pentru a muta identitatea grupului, introdu codul pe care îl trimite {server} prin e-mail. Apoi grupul este activ pe serverul nou și dezactivat pe cel vechi.',
  codeSent: '{server} a trimis codul prin e-mail.',
  cancelIn: 'Pe serverul vechi nu s-a schimbat nimic. Aici grupul rămâne dezactivat.',
  doneIn: 'Grupul este acum pe acest server',
  doneInHelp:
    'Membrii, rolurile și jurnalul sunt ca înainte. Pe {server} grupul este dezactivat; îl poți șterge acolo.',
  doneOut: 'Grupul este acum pe {server}',
  doneOutHelp:
    'Conectează-te acolo cu parola pe care ai ales-o. Aici grupul este dezactivat și nimeni nu poate scrie. Membrii, rolurile și jurnalul rămân, în caz că se întoarce.',
}

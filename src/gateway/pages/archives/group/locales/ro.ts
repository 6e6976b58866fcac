/** The texts of the page on archives of a group that are not those of an account, in Romanian. */
import type { GroupArchiveTexts } from '#src/gateway/pages/archives/group/locales/en.ts'

export const ro: GroupArchiveTexts = {
  bucketHelp:
    'O dată pe zi, dacă s-a schimbat ceva, serverul pune o copie semnată a grupului într-un bucket: postări și alte înregistrări, fișiere și preferințe. Membrii, rolurile și cheile nu fac parte din ea. Din copiile mai vechi se păstrează ultimele din 7 zile, 4 săptămâni și 12 luni.',
  yourBucket: 'Bucketul grupului',
  stopped: 'Grupul nu mai este arhivat.',
  restoreHelp:
    'Lasă dosarul așa cum este: fiecare arhivă are o listă semnată a conținutului ei. Pentru a restaura una, dă-o administratorului acestui server sau al altuia care folosește Headwater. Membrii și rolurile rămân așa cum sunt.',
}

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the pick lists of this folder from the full code lists: make-subset.py FOLDER_OF_FULL_LISTS

Keeps only the columns that Rounds searches, drops what may no longer be offered, and packs what is large.
The packed files carry no time stamp, so that the same input gives the same bytes."""
import gzip
import pathlib
import sys

src = pathlib.Path(sys.argv[1])
out = pathlib.Path(__file__).resolve().parent


def rows(name):
    lines = (src / name).read_text(encoding='utf-8').splitlines()
    head = lines[0].split('\t')
    for line in lines[1:]:
        yield dict(zip(head, line.split('\t')))


def write(name, columns, table):
    table = [dict(r) for r in table]
    text = '\n'.join(['\t'.join(columns)] + ['\t'.join(r[c] for c in columns) for r in table]) + '\n'
    if name.endswith('.gz'):
        with open(out / name, 'wb') as f, gzip.GzipFile('', 'wb', 9, f, mtime=0) as z:
            z.write(text.encode())
    else:
        (out / name).write_text(text, encoding='utf-8')
    print(f'{name}: {len(table)} rows, {(out / name).stat().st_size} bytes')


# Headings are not codes for a patient: J18 has the words of J18.9 and less meaning.
write('icd10cm.tsv.gz', ['code', 'description'], (r for r in rows('icd10cm.tsv') if r['billable'] == '1'))
write('rx-drugs.tsv.gz', ['rxcui', 'name', 'in_rxcuis', 'complete', 'strength', 'dose_form'], rows('rx-drugs.tsv'))
write('rx-ingredients.tsv.gz', ['rxcui', 'name', 'in_rxcuis', 'prescribable'],
      (r for r in rows('rx-ingredients.tsv') if len(r['name']) <= 120))
write('rx-brands.tsv.gz', ['rxcui', 'name', 'in_rxcuis'], rows('rx-brands.tsv'))
write('drug-classes.tsv', ['in_rxcui', 'class_type', 'class_name'],
      (r for r in rows('drug-classes.tsv') if r['class_type'] in ('EPC', 'Chemical/Ingredient')))
write('allergens.tsv', ['name', 'category', 'synonyms', 'rxnorm'],
      (r for r in rows('allergens.tsv') if r['active'] == '1'))
write('reactions.tsv', ['name', 'synonyms'], (r for r in rows('reactions.tsv') if r['active'] == '1'))
write('cvx.tsv', ['cvx', 'short_name', 'full_name', 'status'], rows('cvx.tsv'))

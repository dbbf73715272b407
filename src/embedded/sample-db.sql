-- Purpose: a small sports database with the four alias tables Millrace reads, for the demo and the first start.
-- Parameters: none. Result: none; run once on an empty database.
-- Some aliases belong to several records, some are not ASCII, some differ only in case or accents: all of that is usual.
-- 'rmcf' is left out: it is what the documentation tells the reader to insert.

BEGIN;

CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL);
CREATE TABLE players (id INTEGER PRIMARY KEY, name TEXT NOT NULL, team_id INTEGER REFERENCES teams (id));
CREATE TABLE leagues (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL);
CREATE TABLE markets (id TEXT PRIMARY KEY, name TEXT NOT NULL);

CREATE TABLE team_aliases (team_id INTEGER NOT NULL REFERENCES teams (id), alias TEXT NOT NULL, UNIQUE (team_id, alias));
CREATE TABLE player_aliases (player_id INTEGER NOT NULL REFERENCES players (id), alias TEXT NOT NULL, UNIQUE (player_id, alias));
CREATE TABLE league_aliases (league_id INTEGER NOT NULL REFERENCES leagues (id), alias TEXT NOT NULL, UNIQUE (league_id, alias));
CREATE TABLE market_aliases (market_id TEXT NOT NULL REFERENCES markets (id), alias TEXT NOT NULL, UNIQUE (market_id, alias));

INSERT INTO teams (id, name, country) VALUES
  (1, 'Real Madrid', 'Spain'), (2, 'Barcelona', 'Spain'), (3, 'Atlético Madrid', 'Spain'),
  (4, 'Bayern München', 'Germany'), (5, 'Paris Saint-Germain', 'France'), (6, 'Manchester United', 'England'),
  (7, 'Manchester City', 'England'), (8, 'Real Sociedad', 'Spain'), (9, 'Persepolis', 'Iran'), (10, 'Esteghlal', 'Iran'),
  (11, 'Inter Milan', 'Italy'), (12, 'Saint-Étienne', 'France');

INSERT INTO players (id, name, team_id) VALUES
  (1, 'Vinícius Júnior', 1), (2, 'Kylian Mbappé', 1), (3, 'Lamine Yamal', 2), (4, 'Julián Álvarez', 3),
  (5, 'Thomas Müller', 4), (6, 'Bruno Fernandes', 6), (7, 'Erling Haaland', 7), (8, 'Mehdi Taremi', 11),
  (9, 'Alireza Beiranvand', 9), (10, 'Rodrigo Hernández', 7), (11, 'Rodrygo Goes', 1);

INSERT INTO leagues (id, name, country) VALUES
  (1, 'La Liga', 'Spain'), (2, 'Premier League', 'England'), (3, 'Bundesliga', 'Germany'), (4, 'Ligue 1', 'France'),
  (5, 'Serie A', 'Italy'), (6, 'Brasileirão Série A', 'Brazil'), (7, 'Persian Gulf Pro League', 'Iran');

INSERT INTO markets (id, name) VALUES
  ('match-winner', 'Match winner'), ('both-teams-score', 'Both teams to score'), ('over-under-2.5', 'Over/under 2.5 goals'),
  ('double-chance', 'Double chance'), ('asian-handicap', 'Asian handicap');

INSERT INTO team_aliases (team_id, alias) VALUES
  (1, 'real madrid'), (1, 'real'), (8, 'real'), (1, 'madrid'), (3, 'madrid'), (1, 'los blancos'), (1, 'رئال مادرید'),
  (2, 'barcelona'), (2, 'barça'), (2, 'barca'), (2, 'fcb'), (4, 'fcb'), (2, 'بارسلونا'),
  (3, 'atlético madrid'), (3, 'atletico'), (3, 'atleti'), (4, 'bayern münchen'), (4, 'bayern munich'), (4, 'fc bayern'),
  (5, 'psg'), (5, 'paris'), (6, 'man utd'), (6, 'manchester'), (7, 'manchester'), (7, 'man city'), (8, 'la real'),
  (9, 'persepolis'), (9, 'پرسپولیس'), (10, 'esteghlal'), (10, 'استقلال'), (11, 'inter'), (11, 'internazionale'),
  (12, 'saint-étienne'), (12, 'École des Verts'), (12, 'les verts');

INSERT INTO player_aliases (player_id, alias) VALUES
  (1, 'vinícius júnior'), (1, 'vini jr'), (1, 'vinicius'), (2, 'kylian mbappé'), (2, 'mbappe'), (2, 'امباپه'),
  (3, 'lamine yamal'), (3, 'yamal'), (4, 'julián álvarez'), (4, 'la araña'), (5, 'thomas müller'), (5, 'mueller'),
  (6, 'bruno fernandes'), (6, 'bruno'), (7, 'erling haaland'), (7, 'haaland'), (8, 'mehdi taremi'), (8, 'مهدی طارمی'),
  (9, 'beiranvand'), (9, 'علیرضا بیرانوند'), (10, 'rodri'), (11, 'rodri'), (11, 'rodrygo');

INSERT INTO league_aliases (league_id, alias) VALUES
  (1, 'la liga'), (1, 'laliga'), (1, 'primera división'), (2, 'premier league'), (2, 'epl'), (2, 'pl'), (3, 'bundesliga'),
  (3, '1. bundesliga'), (4, 'ligue 1'), (5, 'serie a'), (6, 'serie a'), (6, 'brasileirão'), (7, 'persian gulf pro league'),
  (7, 'لیگ برتر'), (2, 'لیگ برتر');

INSERT INTO market_aliases (market_id, alias) VALUES
  ('match-winner', '1x2'), ('match-winner', 'moneyline'), ('match-winner', 'full time result'), ('both-teams-score', 'btts'),
  ('both-teams-score', 'gg'), ('over-under-2.5', 'o/u 2.5'), ('over-under-2.5', 'goals'), ('both-teams-score', 'goals'),
  ('double-chance', 'double chance'), ('double-chance', '1x:x2:12'), ('asian-handicap', 'ah'), ('asian-handicap', 'handicap');

COMMIT;

//! The assignment of things to others at the least cost, by the Hungarian method.

/// Assigns rows to columns, each to one of its own, so that the sum of the costs is the least. The
/// result has the column of each row; `None` for rows that are left over because there are fewer
/// columns. Every row of `costs` has as many columns.
pub(super) fn assign(costs: &[Vec<i64>]) -> Vec<Option<usize>> {
    let columns = costs.first().map_or(0, Vec::len);
    let mut assigned = vec![None; costs.len()];
    if costs.len() <= columns {
        let pairs = pairs(costs.len(), columns, |row, column| costs[row][column]);
        pairs.for_each(|(row, column)| assigned[row] = Some(column));
    } else {
        // The method wants at least as many columns as rows.
        let pairs = pairs(columns, costs.len(), |column, row| costs[row][column]);
        pairs.for_each(|(column, row)| assigned[row] = Some(column));
    }
    assigned
}

/// Returns the pairs of a row and its column, for at least as many columns as rows.
///
/// Rows are added one after another. The potentials of rows and columns are kept so that no pair
/// costs less than both together and the pairs that are taken cost as much; a new row then finds
/// its place along the cheapest path of pairs that give way (Dijkstra).
fn pairs(
    rows: usize,
    columns: usize,
    cost: impl Fn(usize, usize) -> i64,
) -> impl Iterator<Item = (usize, usize)> {
    // The last column is none: the row that looks for a place waits there.
    let mut row_of: Vec<Option<usize>> = vec![None; columns + 1];
    let (mut of_rows, mut of_columns) = (vec![0i64; rows], vec![0i64; columns + 1]);
    for new in 0..rows {
        let (mut at, mut least) = (columns, vec![i64::MAX; columns]);
        let (mut before, mut visited) = (vec![columns; columns], vec![false; columns + 1]);
        row_of[columns] = Some(new);
        while let Some(row) = row_of[at] {
            visited[at] = true;
            for column in (0..columns).filter(|it| !visited[*it]) {
                let reduced = cost(row, column) - of_rows[row] - of_columns[column];
                if reduced < least[column] {
                    (least[column], before[column]) = (reduced, at);
                }
            }
            let open = (0..columns).filter(|it| !visited[*it]);
            let Some(next) = open.min_by_key(|column| least[*column]) else {
                break;
            };
            let step = least[next];
            for column in 0..=columns {
                match (visited[column], row_of[column]) {
                    (true, Some(row)) => {
                        of_rows[row] += step;
                        of_columns[column] -= step;
                    }
                    _ if column < columns => least[column] = least[column].saturating_sub(step),
                    _ => {}
                }
            }
            at = next;
        }
        while at != columns {
            row_of[at] = row_of[before[at]];
            at = before[at];
        }
    }
    row_of.into_iter().take(columns).enumerate().filter_map(|(at, row)| Some((row?, at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least cost of all ways to assign, tried one by one.
    fn least(costs: &[Vec<i64>], rows: &[usize], columns: &[usize]) -> i64 {
        let Some((row, rest)) = rows.split_first() else {
            return 0;
        };
        let without = (rows.len() > columns.len()).then(|| least(costs, rest, columns));
        let with = columns.iter().map(|column| {
            let others: Vec<_> = columns.iter().copied().filter(|it| it != column).collect();
            costs[*row][*column] + least(costs, rest, &others)
        });
        with.chain(without).min().unwrap()
    }

    #[test]
    fn the_sum_of_costs_is_the_least() {
        let mut state = 1u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            i64::from((state >> 16) % below)
        };
        for (rows, columns) in [(0, 0), (1, 0), (1, 1), (2, 5), (5, 2), (4, 4), (5, 5), (6, 5)] {
            for below in [2, 5, 1_000, 2, 3] {
                let row = |_| (0..columns).map(|_| random(below)).collect();
                let costs: Vec<Vec<i64>> = (0..rows).map(row).collect();
                let assigned = assign(&costs);
                let pairs = assigned.iter().enumerate().filter_map(|(row, it)| Some((row, (*it)?)));
                let pairs: Vec<_> = pairs.collect();
                assert_eq!(pairs.len(), rows.min(columns), "{costs:?}");
                let mut taken: Vec<_> = pairs.iter().map(|(_, column)| *column).collect();
                taken.sort_unstable();
                taken.dedup();
                assert_eq!(taken.len(), pairs.len(), "{costs:?}");
                let sum: i64 = pairs.iter().map(|(row, column)| costs[*row][*column]).sum();
                let all: (Vec<_>, Vec<_>) = ((0..rows).collect(), (0..columns).collect());
                assert_eq!(sum, least(&costs, &all.0, &all.1), "{costs:?}");
            }
        }
    }

    #[test]
    fn many_are_assigned_in_a_moment() {
        // Each has one column that costs nothing, the last that it looks at.
        let costs: Vec<Vec<i64>> = (0..300)
            .map(|row| (0..300).map(|column| i64::from(column != 299 - row)).collect())
            .collect();
        let assigned = assign(&costs);
        assert!(assigned.iter().enumerate().all(|(row, it)| *it == Some(299 - row)));
    }
}

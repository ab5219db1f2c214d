"""Sentences to put through networks that read or compare text, of many subjects and lengths."""

SENTENCES = """\
The train to the coast leaves at half past seven.
Please close the window before you go to bed.
She found an old coin under the kitchen floor.
Prices rose by 3.4 % in the second quarter of 2019.
The committee could not agree on a date for the next meeting.
Water boils at a lower temperature in the mountains.
He has played the violin since he was five years old.
Two ships were seen drifting near the harbour at dawn.
How long does it take to renew a passport?
Our cat refuses to eat anything but tuna.
The museum is closed on Mondays and public holidays.
A thin layer of ice covered the lake this morning.
They painted the fence green, which nobody liked.
The new bridge will carry both trams and bicycles.
I cannot remember where I parked the car.
Bacteria in the soil turn nitrogen into something plants can use.
The judge asked the witness to speak more slowly.
Fresh bread smells best early in the morning.
Why do leaves change their colour in autumn?
The orchestra tuned its instruments for ten minutes.
Order number 48152 was shipped on 12 March.
My grandmother used to tell us stories about the war.
The program stops with an error if the file is empty.
Nobody expected the smaller team to win the final.
Add two spoons of sugar and stir until it dissolves.
The volcano has been quiet for more than a century.
He apologised for being late and sat down at the back.
Satellites measure the height of the sea to a few centimetres.
Could you send me the invoice by the end of the week?
The children built a castle out of cardboard boxes.
After the storm, half the village had no electricity.
The novel was translated into thirty languages.
Investors worry that interest rates will stay high.
A small dog chased the postman down the street.
The doctor advised him to walk for an hour every day.
Our flight was delayed because of fog in London.
This recipe needs three eggs, 200 g of flour and a lemon.
The library lends tools as well as books.
Ancient sailors found their way by the stars.
The battery lasts about nine hours on a single charge.
She speaks four languages and is learning a fifth.
The mayor promised to plant a thousand trees.
What is the fastest way to get to the airport?
He repaired the clock with a piece of wire.
Bees tell each other where flowers are by dancing.
The contract ends automatically after twelve months.
A loud noise woke the whole house at midnight.
The bakery on the corner sells wonderful apple pie.
Scientists have mapped the genome of the wheat plant.
It rained so hard that the match was abandoned.
Turn left at the church, then take the second road on the right.
The actor forgot his lines in the middle of the scene.
Old batteries do not belong in the household waste.
Most of the island can only be reached on foot.
The password must have at least twelve characters.
He sold his motorcycle and bought a sailing boat.
The students protested against higher fees.
Light from that galaxy has travelled for two billion years.
Keep this medicine out of the reach of children.
The goalkeeper saved a penalty in the last minute.
We spent the afternoon picking cherries in the garden.
The printer has run out of paper again.
Her speech was short, funny and to the point.
Snow is expected above 800 metres tonight.
The factory makes bolts, hinges and door handles.
Is there a pharmacy open on Sunday near here?
""".splitlines()
